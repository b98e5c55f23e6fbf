"""The self-test: an installer proves every input, output and reader; steps, their machine, and the signed report."""
