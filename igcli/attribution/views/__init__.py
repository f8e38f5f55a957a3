"""What else one sweep can show beside a map: the interior gradients themselves, and curves along the path."""
