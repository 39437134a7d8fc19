"""How far any plan could go."""
