package packages_test

// child is what the test binary does in a process of its own, to be killed.
func child(string) int { return 2 }
