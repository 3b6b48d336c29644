"""What holds for every input, tried with inputs made at random; the trial `properties` tries many more of them."""
