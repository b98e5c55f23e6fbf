"""From a property office's sheets into the source: columns recognised, cells understood, changes shown, then made."""
