"""Who may pass: the signed, versioned roster file, how it is built, verified and looked up."""
