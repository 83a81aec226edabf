"""The rules of painting masks: arrays in, arrays out; what any page does is equal to it, pixel by pixel."""
