"""What people type into the pages of room 2."""
