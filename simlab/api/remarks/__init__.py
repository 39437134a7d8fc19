"""What is to be looked at before results are believed: books against laws, slips, what was left out."""
