package doctor

// shared has the function called once, by whoever asks first; the others wait for what it
// gives. It is a sync.OnceValues that a test's own clock can see waiting.
func shared[A, B any](f func() (A, B)) func() (A, B) {
	turn := make(chan struct{}, 1)
	asked := false
	var a A
	var b B
	return func() (A, B) {
		turn <- struct{}{}
		defer func() { <-turn }()
		if !asked {
			a, b = f()
			asked = true
		}
		return a, b
	}
}
