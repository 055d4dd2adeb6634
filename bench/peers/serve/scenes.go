package main

import "fmt"

// makeScene makes everything a scene has, and says which manifest it is about.
func makeScene(chosen options) (*content, descriptor, error) {
	switch chosen.scene {
	case "list":
		return listScene(listLength)
	case "none":
		return listScene(0)
	case "pages":
		return listScene(100_000)
	case "closure":
		return closureScene()
	case "image":
		return imageScene(chosen.layerBytes)
	}
	return nil, descriptor{}, fmt.Errorf("no scene %q", chosen.scene)
}

func listScene(length int) (*content, descriptor, error) {
	made := newContent()
	pages, err := listOf(madeUp(length))
	if err != nil {
		return nil, descriptor{}, err
	}
	made.everySubject = pages
	subject, err := made.addImage([]byte("a layer"))
	made.tags["1"] = subject.Digest
	return made, subject, err
}

func closureScene() (*content, descriptor, error) {
	made := newContent()
	index := manifest{MediaType: indexType}
	for at := range 8 {
		layer, err := noise(byte(at), 64<<10)
		if err != nil {
			return nil, descriptor{}, err
		}
		image, err := made.addImage(layer)
		if err != nil {
			return nil, descriptor{}, err
		}
		image.Platform = &platform{OS: "linux", Architecture: fmt.Sprintf("arch%d", at)}
		index.Manifests = append(index.Manifests, image)
	}
	subject, err := made.addManifest(index)
	if err != nil {
		return nil, descriptor{}, err
	}
	made.tags["1"] = subject.Digest
	direct, err := made.refer(subject, 200)
	if err != nil {
		return nil, descriptor{}, err
	}
	for _, referrer := range direct {
		if _, err := made.refer(referrer, 1); err != nil {
			return nil, descriptor{}, err
		}
	}
	return made, subject, nil
}

func imageScene(layerBytes int) (*content, descriptor, error) {
	made := newContent()
	layers := [][]byte{}
	for at := range 4 {
		layer, err := noise(byte(at), layerBytes)
		if err != nil {
			return nil, descriptor{}, err
		}
		layers = append(layers, layer)
	}
	subject, err := made.addImage(layers...)
	if err != nil {
		return nil, descriptor{}, err
	}
	made.tags["1"] = subject.Digest
	_, err = made.refer(subject, 50)
	return made, subject, err
}

// refer gives a subject so many referrers.
func (c *content) refer(subject descriptor, count int) ([]descriptor, error) {
	referrers := []descriptor{}
	for at := range count {
		referrer, err := c.addReferrer(subject, fmt.Sprintf("%s %d", subject.Digest, at))
		if err != nil {
			return nil, err
		}
		referrers = append(referrers, referrer)
	}
	pages, err := listOf(referrers)
	c.pages[subject.Digest] = pages
	return referrers, err
}
