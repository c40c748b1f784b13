"""What people do with videos: add them, have work done on them, edit what was found, delete them."""
