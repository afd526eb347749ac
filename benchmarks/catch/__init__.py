"""How much of what was planted does asyncspy catch, and how much would a grep for the guard?"""
