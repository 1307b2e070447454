"""What the predictions say, with statistics."""
