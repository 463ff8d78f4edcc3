"""A record that the fee shown was the fee charged, and that fees kept to their bounds: from events alone."""
