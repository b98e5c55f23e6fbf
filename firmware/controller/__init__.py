"""Process 1: hardware <-> core <-> journal. The only process that may touch GPIO, serial and Modbus."""
