package main

import (
	"encoding/hex"
	"math"
	"strconv"

	"github.com/onyo-project/onyo/geo/index"
)

// appendClusters writes clusters as the HTTP interface answers them.
func appendClusters(clusters []index.Cluster) []byte {
	out := make([]byte, 0, 100+250*len(clusters))
	out = append(out, `{"type":"FeatureCollection","features":[`...)
	matched := 0
	for i := range clusters {
		if i > 0 {
			out = append(out, ',')
		}
		out = appendCluster(out, &clusters[i])
		matched += clusters[i].Count
	}
	out = append(out, `],"numberMatched":`...)
	return append(strconv.AppendInt(out, int64(matched), 10), '}')
}

func appendCluster(out []byte, c *index.Cluster) []byte {
	out = append(out, `{"type":"Feature","geometry":{"type":"Point","coordinates":[`...)
	out = appendDegrees(out, c.Lon)
	out = append(out, ',')
	out = appendDegrees(out, c.Lat)
	out = append(out, `]},"properties":{"id":"`...)
	if c.Single != nil {
		id := c.Single.ID
		for i, part := range [5][]byte{id[0:4], id[4:6], id[6:8], id[8:10], id[10:16]} {
			if i > 0 {
				out = append(out, '-')
			}
			out = hex.AppendEncode(out, part)
		}
		out = append(out, `","cluster":false,"count":1,"status":`...)
		out = strconv.AppendUint(out, uint64(c.Single.Status), 10)
	} else {
		out = append(out, c.ID.String()...)
		out = append(out, `","cluster":true,"count":`...)
		out = strconv.AppendInt(out, int64(c.Count), 10)
		out = append(out, `,"expansion_zoom":`...)
		out = strconv.AppendInt(out, int64(c.ExpansionZoom), 10)
	}
	out = append(out, `,"severity":`...)
	out = strconv.AppendUint(out, uint64(c.Severity), 10)
	out = append(out, `,"reports":`...)
	out = strconv.AppendUint(out, c.Reports, 10)
	out = append(out, `,"independent_sources":`...)
	out = strconv.AppendUint(out, c.Sources, 10)
	return append(out, "}}"...)
}

// appendDegrees writes an angle to seven places, a centimetre on the ground.
func appendDegrees(out []byte, deg float64) []byte {
	n := int64(math.Round(deg * 1e7))
	if n < 0 {
		out, n = append(out, '-'), -n
	}
	out = append(strconv.AppendInt(out, n/1e7, 10), '.')
	var places [7]byte
	for i, rest := len(places)-1, n%1e7; i >= 0; i, rest = i-1, rest/10 {
		places[i] = '0' + byte(rest%10)
	}
	return append(out, places[:]...)
}
