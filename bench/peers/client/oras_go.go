package main

import (
	"context"
	"net/http"

	ocispec "github.com/opencontainers/image-spec/specs-go/v1"
	"oras.land/oras-go/v2/content"
	"oras.land/oras-go/v2/registry/remote"
	"oras.land/oras-go/v2/registry/remote/auth"
)

type orasGo struct {
	*remote.Repository
}

func openOras(chosen options, transport *http.Transport) (registryClient, error) {
	opened, err := remote.NewRepository(chosen.host + "/" + repository)
	if err != nil {
		return nil, err
	}
	opened.PlainHTTP = chosen.ca == ""
	opened.Client = &auth.Client{Client: &http.Client{Transport: transport}, Cache: auth.NewCache()}
	return &orasGo{opened}, nil
}

func (c *orasGo) Referrers(ctx context.Context, subject ocispec.Descriptor) ([]ocispec.Descriptor, error) {
	var all []ocispec.Descriptor
	err := c.Repository.Referrers(ctx, subject, "", func(page []ocispec.Descriptor) error {
		all = append(all, page...)
		return nil
	})
	return all, err
}

func (c *orasGo) Manifest(ctx context.Context, target ocispec.Descriptor) ([]byte, error) {
	return content.FetchAll(ctx, c.Repository, target)
}

func (c *orasGo) Blob(ctx context.Context, target ocispec.Descriptor) error {
	_, err := content.FetchAll(ctx, c.Repository, target)
	return err
}
