package boot

func configureNetwork([]Interface) error { return nil }
func grow(device, at, kind string) error { return nil }
func (b *boot) mountDrives()             {}
func (b *boot) writeFiles()              {}
