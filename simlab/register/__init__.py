"""What a study may name, one record each: rooms read here what follows from a name."""
