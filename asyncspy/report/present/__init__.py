"""Put an analysis into words once, for every format to lay out: dataclasses of titles, sentences and places."""
