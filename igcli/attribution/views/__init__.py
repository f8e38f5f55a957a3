"""What else one sweep can show besides a map: the interior gradients themselves, and curves along the path."""
