"""What documents say of themselves: number, version, days, what they replace."""
