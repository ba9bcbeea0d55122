"""360dialog: numbers of the Cloud API, reached through 360dialog's own address and key."""
