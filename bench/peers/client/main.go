// Command client does one piece of work with one of the clients that this project is compared with, each as its library
// is meant to be used by a program that asks much: one client for everything, connections kept.
//
//	client -with containerd|oras-go|regclient|go-containerregistry -work list|pages|closure -host HOST ...
//
// It prints what it took as JSON: milliseconds, seconds of CPU, bytes resident at most, and how much was found.
package main

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"regexp"
	"strconv"
	"syscall"
	"time"

	ocispec "github.com/opencontainers/image-spec/specs-go/v1"
)

type options struct {
	with        string
	work        string
	host        string
	ca          string
	http2       bool
	subjects    int
	warm        bool
	concurrency int
	subject     ocispec.Descriptor
}

type told struct {
	Milliseconds float64 `json:"milliseconds"`
	CPUSeconds   float64 `json:"cpuSeconds"`
	PeakBytes    int     `json:"peakBytes"`
	Found        int     `json:"found"`
}

func main() {
	var chosen options
	var subject string
	flag.StringVar(&chosen.with, "with", "", "the client")
	flag.StringVar(&chosen.work, "work", "list", "what it does")
	flag.StringVar(&chosen.host, "host", "", "host and port of the registry")
	flag.StringVar(&chosen.ca, "ca", "", "file of a certificate to trust; plain HTTP without")
	flag.BoolVar(&chosen.http2, "http2", false, "speak HTTP/2 over TLS")
	flag.IntVar(&chosen.subjects, "subjects", 1, "how many subjects to list")
	flag.BoolVar(&chosen.warm, "warm", false, "fetch and list the subject before the time begins")
	flag.IntVar(&chosen.concurrency, "concurrency", 1, "requests at once")
	flag.StringVar(&subject, "subject", "{}", "descriptor of the subject of closure and pages, as JSON")
	flag.Parse()
	err := json.Unmarshal([]byte(subject), &chosen.subject)
	if err == nil {
		err = run(chosen)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "client:", err)
		os.Exit(1)
	}
}

func run(chosen options) error {
	ctx := context.Background()
	made, err := open(ctx, chosen)
	if err != nil {
		return err
	}
	if err := warmUp(ctx, made, chosen); err != nil {
		return err
	}
	cpu, begun := cpuSeconds(), time.Now()
	found, err := work(ctx, made, chosen)
	if err != nil {
		return err
	}
	took := time.Since(begun)
	return json.NewEncoder(os.Stdout).Encode(told{
		Milliseconds: float64(took.Microseconds()) / 1000,
		CPUSeconds:   cpuSeconds() - cpu,
		PeakBytes:    peakBytes(),
		Found:        found,
	})
}

// warmUp does what most programs have done by then: the image is known, and was asked about.
func warmUp(ctx context.Context, made registryClient, chosen options) error {
	if !chosen.warm {
		return nil
	}
	if _, err := made.Manifest(ctx, chosen.subject); err != nil {
		return err
	}
	_, err := made.Referrers(ctx, chosen.subject)
	return err
}

func cpuSeconds() float64 {
	var usage syscall.Rusage
	_ = syscall.Getrusage(syscall.RUSAGE_SELF, &usage)
	return time.Duration(usage.Utime.Nano() + usage.Stime.Nano()).Seconds()
}

var highWater = regexp.MustCompile(`VmHWM:\s+(\d+)`)

// peakBytes is the kernel's figure for this program: ru_maxrss begins with that of the process before it.
func peakBytes() int {
	status, err := os.ReadFile("/proc/self/status")
	if err != nil {
		return 0
	}
	kib, _ := strconv.Atoi(string(highWater.FindSubmatch(status)[1]))
	return kib * 1024
}
