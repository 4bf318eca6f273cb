"""What a service was asked of late against what it was asked before: is it still the same?"""
