// etcd_load: a closed-loop load generator for etcd, so that Parley can be measured beside it in one run. N workers with one
// outstanding put each, 16-byte keys out of -keys, random values; warm-up, then the measured window; one JSON line.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"math/rand"
	"os"
	"sort"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"go.etcd.io/etcd/clientv3"
)

var (
	endpoints = flag.String("endpoints", "", "comma separated HOST:PORT of all members")
	clients   = flag.Int("clients", 1, "workers, each with one outstanding put")
	sockets   = flag.Int("sockets", 4, "connections that the workers share")
	size      = flag.Int("value-size", 128, "bytes of a value")
	keys      = flag.Int("keys", 100000, "number of keys")
	seconds   = flag.Float64("time", 8, "measured seconds")
	warmup    = flag.Float64("warmup", 1, "seconds before")
)

func leader(all []string) (string, error) {
	for attempt := 0; attempt < 100; attempt++ {
		for _, endpoint := range all {
			client, err := clientv3.New(clientv3.Config{Endpoints: []string{endpoint}, DialTimeout: time.Second})
			if err != nil {
				continue
			}
			deadline, cancel := context.WithTimeout(context.Background(), time.Second)
			status, err := client.Status(deadline, endpoint)
			cancel()
			client.Close()
			if err == nil && status.Leader != 0 && status.Leader == status.Header.MemberId {
				return endpoint, nil
			}
		}
		time.Sleep(100 * time.Millisecond)
	}
	return "", errors.New("no leader")
}

func fail(err error) {
	fmt.Fprintln(os.Stderr, "etcd_load:", err)
	os.Exit(1)
}

func main() {
	flag.Parse()
	target, err := leader(strings.Split(*endpoints, ","))
	if err != nil {
		fail(err)
	}
	count := *sockets
	if count > *clients {
		count = *clients
	}
	connections := make([]*clientv3.Client, count)
	for i := range connections {
		if connections[i], err = clientv3.New(clientv3.Config{Endpoints: []string{target}, DialTimeout: 5 * time.Second}); err != nil {
			fail(err)
		}
	}
	pool := make([]byte, 1<<20)
	rand.New(rand.NewSource(1)).Read(pool)

	var phase int32 // 0 warm-up, 1 measured, 2 over
	var failures int64
	latencies := make([][]float64, *clients)
	var workers sync.WaitGroup
	for w := 0; w < *clients; w++ {
		workers.Add(1)
		go func(w int) {
			defer workers.Done()
			random := rand.New(rand.NewSource(int64(w)))
			client := connections[w%count]
			for atomic.LoadInt32(&phase) < 2 {
				before := atomic.LoadInt32(&phase)
				offset := random.Intn(len(pool) - *size)
				key := fmt.Sprintf("k%015d", random.Intn(*keys))
				start := time.Now()
				if _, err := client.Put(context.Background(), key, string(pool[offset:offset+*size])); err != nil {
					atomic.AddInt64(&failures, 1)
					continue
				}
				if before == 1 && atomic.LoadInt32(&phase) == 1 {
					latencies[w] = append(latencies[w], float64(time.Since(start).Nanoseconds())/1000)
				}
			}
		}(w)
	}
	time.Sleep(time.Duration(*warmup * 1e9))
	begin := time.Now()
	atomic.StoreInt32(&phase, 1)
	time.Sleep(time.Duration(*seconds * 1e9))
	atomic.StoreInt32(&phase, 2)
	elapsed := time.Since(begin).Seconds()
	workers.Wait()

	var all []float64
	for _, some := range latencies {
		all = append(all, some...)
	}
	sort.Float64s(all)
	quantile := func(q float64) float64 {
		if len(all) == 0 {
			return 0
		}
		return all[int(q*float64(len(all)-1))]
	}
	line, _ := json.Marshal(map[string]interface{}{
		"clients": *clients, "seconds": elapsed, "ops": len(all), "errors": failures, "throughput": float64(len(all)) / elapsed,
		"latency_us": map[string]float64{"p50": quantile(.5), "p99": quantile(.99), "max": quantile(1)},
	})
	fmt.Println(string(line))
}
