"""TFLite runtime and models. Its rooms are built with the recognition issue; nothing is here yet."""
