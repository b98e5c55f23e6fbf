/* Does nothing but keep a processor busy: one of the machine's, and cheaply so for the one that the machine runs on. */
int main(void)
{
    for (;;)
        __asm__ volatile("");
}
