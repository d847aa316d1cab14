"""What the command line does, one module per command. Loaded only when the command is used."""
