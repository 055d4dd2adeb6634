// Command oracle asks two other OCI clients, oras-go and regclient, what refers to a manifest, and prints both answers as
// JSON. Nothing here knows this project, so it can judge what this project left in a registry or in a bundle.
//
//	oracle list HOST/REPOSITORY@DIGEST     referrers in a registry, over plain HTTP
//	oracle layout DIRECTORY DIGEST         referrers in an OCI image layout
//	oracle copy TOOL HOST/REPOSITORY:TAG DIRECTORY   has oras-go (oras) or regclient copy an image with its referrers into a layout
//	oracle export HOST/REPOSITORY:TAG FILE   has regclient pack an image, without its referrers, as `regctl image export` does
//	oracle archive FILE DIGEST             referrers in a tar of a layout, as oras-go finds them in there
//	oracle attach HOST/REPOSITORY@DIGEST TYPE   makes a referrer with oras-go and prints its descriptor
//
// With -username and -password before the verb, both clients are given these credentials for the registry.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"os"
	"slices"
	"time"

	"github.com/opencontainers/image-spec/specs-go/v1"
	"github.com/regclient/regclient"
	"github.com/regclient/regclient/config"
	"github.com/regclient/regclient/types/ref"
	"oras.land/oras-go/v2"
	"oras.land/oras-go/v2/content"
	"oras.land/oras-go/v2/content/oci"
	"oras.land/oras-go/v2/registry"
	"oras.land/oras-go/v2/registry/remote"
	"oras.land/oras-go/v2/registry/remote/auth"
	"oras.land/oras-go/v2/registry/remote/retry"
)

var (
	username = flag.String("username", "", "user to log in to the registry as")
	password = flag.String("password", "", "password of that user")
)

// answers holds what each client says, as "digest artifactType", sorted.
type answers struct {
	Oras      []string `json:"oras"`
	Regclient []string `json:"regclient"`
}

func main() {
	flag.Parse()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	result, err := run(ctx, flag.Args())
	if err == nil {
		err = json.NewEncoder(os.Stdout).Encode(result)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "oracle:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, args []string) (any, error) {
	switch {
	case len(args) == 2 && args[0] == "list":
		return list(ctx, args[1])
	case len(args) == 3 && args[0] == "layout":
		return layout(ctx, args[1], args[2])
	case len(args) == 4 && args[0] == "copy":
		return copyToLayout(ctx, args[1], args[2], args[3])
	case len(args) == 3 && args[0] == "export":
		return "exported", exportWithRegclient(ctx, args[1], args[2])
	case len(args) == 3 && args[0] == "archive":
		return archive(ctx, args[1], args[2])
	case len(args) == 3 && args[0] == "attach":
		return attach(ctx, args[1], args[2])
	}
	return nil, fmt.Errorf("usage: oracle [-username U -password P] list REF | layout DIRECTORY DIGEST | copy TOOL REF DIRECTORY | export REF FILE | archive FILE DIGEST | attach REF TYPE")
}

func list(ctx context.Context, reference string) (answers, error) {
	repository, subject, err := open(ctx, reference)
	if err != nil {
		return answers{}, err
	}
	found, err := registry.Referrers(ctx, repository, subject, "")
	if err != nil {
		return answers{}, fmt.Errorf("oras-go: %w", err)
	}
	host := config.HostNewName(repository.Reference.Registry)
	host.TLS = config.TLSDisabled
	host.User, host.Pass = *username, *password
	byRegclient, err := askRegclient(ctx, reference, regclient.WithConfigHost(*host))
	return answers{Oras: lines(found), Regclient: byRegclient}, err
}

func layout(ctx context.Context, directory, digest string) (answers, error) {
	store, err := oci.NewFromFS(ctx, os.DirFS(directory))
	if err != nil {
		return answers{}, fmt.Errorf("oras-go: %w", err)
	}
	subject, err := describe(ctx, store, digest)
	if err != nil {
		return answers{}, fmt.Errorf("oras-go: %w", err)
	}
	found, err := registry.Referrers(ctx, store, subject, "")
	if err != nil {
		return answers{}, fmt.Errorf("oras-go: %w", err)
	}
	byRegclient, err := askRegclient(ctx, "ocidir://"+directory+"@"+digest)
	return answers{Oras: lines(found), Regclient: byRegclient}, err
}

func copyToLayout(ctx context.Context, tool, reference, directory string) (any, error) {
	if tool == "regclient" {
		return "copied", copyWithRegclient(ctx, reference, directory)
	}
	repository, subject, err := open(ctx, reference)
	if err != nil {
		return nil, err
	}
	store, err := oci.New(directory)
	if err != nil {
		return nil, err
	}
	tag := repository.Reference.Reference
	options := oras.DefaultExtendedCopyOptions
	// Only what refers to the image, platforms included: extended copies otherwise start from what it is part of.
	if _, err = oras.ExtendedCopy(ctx, repository, tag, store, tag, options); err != nil {
		return nil, fmt.Errorf("oras-go: %w", err)
	}
	children, err := content.Successors(ctx, repository, subject)
	if err != nil {
		return nil, fmt.Errorf("oras-go: %w", err)
	}
	for _, child := range children {
		if child.MediaType != v1.MediaTypeImageManifest {
			continue
		}
		if err = oras.ExtendedCopyGraph(ctx, repository, store, child, options.ExtendedCopyGraphOptions); err != nil {
			return nil, fmt.Errorf("oras-go: %w", err)
		}
	}
	return "copied", nil
}

func copyWithRegclient(ctx context.Context, reference, directory string) error {
	source, err := ref.New(reference)
	if err != nil {
		return err
	}
	target, err := ref.New("ocidir://" + directory + ":" + source.Tag)
	if err != nil {
		return err
	}
	host := config.HostNewName(source.Registry)
	host.TLS = config.TLSDisabled
	host.User, host.Pass = *username, *password
	client := regclient.New(regclient.WithConfigHost(*host))
	defer client.Close(ctx, target)
	return client.ImageCopy(ctx, source, target, regclient.ImageWithReferrers())
}

func exportWithRegclient(ctx context.Context, reference, path string) (err error) {
	source, err := ref.New(reference)
	if err != nil {
		return err
	}
	host := config.HostNewName(source.Registry)
	host.TLS = config.TLSDisabled
	host.User, host.Pass = *username, *password
	file, err := os.Create(path)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, file.Close()) }()
	return regclient.New(regclient.WithConfigHost(*host)).ImageExport(ctx, source, file)
}

func archive(ctx context.Context, path, digest string) ([]string, error) {
	store, err := oci.NewFromTar(ctx, path)
	if err != nil {
		return nil, fmt.Errorf("oras-go: %w", err)
	}
	subject, err := describe(ctx, store, digest)
	if err != nil {
		return nil, fmt.Errorf("oras-go: %w", err)
	}
	found, err := registry.Referrers(ctx, store, subject, "")
	return lines(found), err
}

// describe finds a manifest that need not be in index.json: of one below an index the layout knows no media type, so the
// manifest's own word is taken.
func describe(ctx context.Context, store *oci.ReadOnlyStore, digest string) (v1.Descriptor, error) {
	subject, err := store.Resolve(ctx, digest)
	if err != nil {
		return subject, err
	}
	bytes, err := content.FetchAll(ctx, store, subject)
	if err != nil {
		return subject, err
	}
	var manifest struct {
		MediaType string `json:"mediaType"`
	}
	err = json.Unmarshal(bytes, &manifest)
	subject.MediaType = manifest.MediaType
	return subject, err
}

func attach(ctx context.Context, reference, artifactType string) (v1.Descriptor, error) {
	repository, subject, err := open(ctx, reference)
	if err != nil {
		return v1.Descriptor{}, err
	}
	options := oras.PackManifestOptions{Subject: &subject}
	return oras.PackManifest(ctx, repository, oras.PackManifestVersion1_1, artifactType, options)
}

func open(ctx context.Context, reference string) (*remote.Repository, v1.Descriptor, error) {
	repository, err := remote.NewRepository(reference)
	if err != nil {
		return nil, v1.Descriptor{}, err
	}
	repository.PlainHTTP = true
	if *username != "" {
		credential := auth.StaticCredential(repository.Reference.Registry, auth.Credential{Username: *username, Password: *password})
		repository.Client = &auth.Client{Client: retry.DefaultClient, Cache: auth.NewCache(), Credential: credential}
	}
	subject, err := repository.Resolve(ctx, repository.Reference.Reference)
	return repository, subject, err
}

func askRegclient(ctx context.Context, reference string, options ...regclient.Opt) ([]string, error) {
	subject, err := ref.New(reference)
	if err != nil {
		return nil, fmt.Errorf("regclient: %w", err)
	}
	client := regclient.New(options...)
	defer client.Close(ctx, subject)
	found, err := client.ReferrerList(ctx, subject)
	if err != nil {
		return nil, fmt.Errorf("regclient: %w", err)
	}
	result := []string{}
	for _, descriptor := range found.Descriptors {
		result = append(result, line(descriptor.Digest.String(), descriptor.ArtifactType))
	}
	slices.Sort(result)
	return result, nil
}

func lines(descriptors []v1.Descriptor) []string {
	result := []string{}
	for _, descriptor := range descriptors {
		result = append(result, line(descriptor.Digest.String(), descriptor.ArtifactType))
	}
	slices.Sort(result)
	return result
}

func line(digest, artifactType string) string {
	return digest + " " + artifactType
}
