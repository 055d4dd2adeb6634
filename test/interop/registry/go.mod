module oci-referrers-interop/registry

go 1.26

require (
	github.com/google/go-containerregistry v0.21.9
	github.com/olareg/olareg v0.2.2
)

require (
	github.com/goccy/go-yaml v1.19.2 // indirect
	github.com/sudo-bmitch/oci-digest v0.1.2 // indirect
	golang.org/x/crypto v0.53.0 // indirect
)
