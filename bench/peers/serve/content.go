package main

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/sha256"
	"encoding/json"
	"fmt"
)

const (
	indexType    = "application/vnd.oci.image.index.v1+json"
	manifestType = "application/vnd.oci.image.manifest.v1+json"
	configType   = "application/vnd.oci.image.config.v1+json"
	layerType    = "application/vnd.oci.image.layer.v1.tar"
	emptyType    = "application/vnd.oci.empty.v1+json"
	spdxType     = "application/spdx+json"
	pageSize     = 1000
	listLength   = 20
)

type platform struct {
	OS           string `json:"os"`
	Architecture string `json:"architecture"`
}

type descriptor struct {
	MediaType    string            `json:"mediaType"`
	Digest       string            `json:"digest"`
	Size         int               `json:"size"`
	Platform     *platform         `json:"platform,omitempty"`
	Annotations  map[string]string `json:"annotations,omitempty"`
	ArtifactType string            `json:"artifactType,omitempty"`
}

type manifest struct {
	SchemaVersion int               `json:"schemaVersion"`
	MediaType     string            `json:"mediaType"`
	ArtifactType  string            `json:"artifactType,omitempty"`
	Config        *descriptor       `json:"config,omitempty"`
	Layers        []descriptor      `json:"layers,omitempty"`
	Manifests     []descriptor      `json:"manifests,omitempty"`
	Subject       *descriptor       `json:"subject,omitempty"`
	Annotations   map[string]string `json:"annotations,omitempty"`
}

// content is everything that can be asked for.
type content struct {
	manifests map[string]typed
	blobs     map[string][]byte
	// pages of each list of referrers that is not empty.
	pages map[string][][]byte
	// everySubject answers for any digest that has no list of its own.
	everySubject [][]byte
	tags         map[string]string
}

type typed struct {
	mediaType string
	bytes     []byte
}

func newContent() *content {
	return &content{
		manifests: map[string]typed{}, blobs: map[string][]byte{}, pages: map[string][][]byte{}, tags: map[string]string{},
	}
}

func digestOf(bytes []byte) string {
	return fmt.Sprintf("sha256:%x", sha256.Sum256(bytes))
}

func (c *content) addBlob(mediaType string, bytes []byte) descriptor {
	digest := digestOf(bytes)
	c.blobs[digest] = bytes
	return descriptor{MediaType: mediaType, Digest: digest, Size: len(bytes)}
}

func (c *content) addManifest(made manifest) (descriptor, error) {
	made.SchemaVersion = 2
	bytes, err := json.Marshal(made)
	if err != nil {
		return descriptor{}, err
	}
	digest := digestOf(bytes)
	c.manifests[digest] = typed{made.MediaType, bytes}
	return descriptor{
		MediaType: made.MediaType, Digest: digest, Size: len(bytes),
		ArtifactType: made.ArtifactType, Annotations: made.Annotations,
	}, nil
}

func (c *content) addImage(layers ...[]byte) (descriptor, error) {
	made := manifest{MediaType: manifestType, Layers: []descriptor{}}
	for _, layer := range layers {
		made.Layers = append(made.Layers, c.addBlob(layerType, layer))
	}
	diffs, err := json.Marshal(made.Layers)
	if err != nil {
		return descriptor{}, err
	}
	config := c.addBlob(configType, fmt.Appendf(nil, `{"os":"linux","architecture":"amd64","x":%s}`, diffs))
	made.Config = &config
	return c.addManifest(made)
}

// addReferrer makes an artifact of one file that names its subject.
func (c *content) addReferrer(subject descriptor, name string) (descriptor, error) {
	config := c.addBlob(emptyType, []byte("{}"))
	file := c.addBlob(spdxType, fmt.Appendf(nil, `{"spdxVersion":"SPDX-2.3","name":%q}`, name))
	named := descriptor{MediaType: subject.MediaType, Digest: subject.Digest, Size: subject.Size}
	return c.addManifest(manifest{
		MediaType: manifestType, ArtifactType: spdxType, Config: &config, Layers: []descriptor{file}, Subject: &named,
		Annotations: map[string]string{"org.opencontainers.image.created": "2026-01-01T00:00:00Z"},
	})
}

// list makes the pages of a list.
func listOf(referrers []descriptor) ([][]byte, error) {
	pages := [][]byte{}
	for start := 0; start < len(referrers); start += pageSize {
		page := referrers[start:min(start+pageSize, len(referrers))]
		bytes, err := json.Marshal(manifest{SchemaVersion: 2, MediaType: indexType, Manifests: page})
		if err != nil {
			return nil, err
		}
		pages = append(pages, bytes)
	}
	return pages, nil
}

// madeUp makes descriptors of referrers that nobody fetches.
func madeUp(count int) []descriptor {
	made := make([]descriptor, count)
	for at := range made {
		made[at] = descriptor{
			MediaType: manifestType, Digest: digestOf(fmt.Appendf(nil, "referrer %d", at)), Size: 700 + at%100,
			ArtifactType: spdxType,
			Annotations:  map[string]string{"org.opencontainers.image.created": "2026-01-01T00:00:00Z"},
		}
	}
	return made
}

// noise makes bytes that cannot be compressed; the same seed gives the same.
func noise(seed byte, size int) ([]byte, error) {
	block, err := aes.NewCipher(append(make([]byte, 15), seed))
	if err != nil {
		return nil, err
	}
	bytes := make([]byte, size)
	cipher.NewCTR(block, make([]byte, aes.BlockSize)).XORKeyStream(bytes, bytes)
	return bytes, nil
}
