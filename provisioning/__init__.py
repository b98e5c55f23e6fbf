"""Image, first boot, pairing, labels. Its rooms are built with the provisioning issue; nothing is here yet."""
