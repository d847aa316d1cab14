"""What is remembered: everything Appyard keeps in PostgreSQL. Imports none of the other packages."""
