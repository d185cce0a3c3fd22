"""A program that uses the model as one of the teams does. It knows an address and a key."""
