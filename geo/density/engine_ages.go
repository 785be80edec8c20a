package density

// ages holds slots, the earliest point first: a binary heap in which every point
// knows its place, so that one can leave from the middle.
type ages []int32

func (e *Engine) enterAges(slot int32) {
	e.points[slot].age = int32(len(e.ages))
	e.ages = append(e.ages, slot)
	e.siftUp(len(e.ages) - 1)
}

func (e *Engine) leaveAges(slot int32) {
	i, last := int(e.points[slot].age), len(e.ages)-1
	e.swapAges(i, last)
	e.ages = e.ages[:last]
	if i < last {
		e.siftUp(i)
		e.siftDown(i)
	}
}

func (e *Engine) swapAges(i, j int) {
	e.ages[i], e.ages[j] = e.ages[j], e.ages[i]
	e.points[e.ages[i]].age, e.points[e.ages[j]].age = int32(i), int32(j)
}

func (e *Engine) earlier(i, j int) bool {
	return e.points[e.ages[i]].Time < e.points[e.ages[j]].Time
}

func (e *Engine) siftUp(i int) {
	for i > 0 && e.earlier(i, (i-1)/2) {
		e.swapAges(i, (i-1)/2)
		i = (i - 1) / 2
	}
}

func (e *Engine) siftDown(i int) {
	for {
		child := 2*i + 1
		if child >= len(e.ages) {
			return
		}
		if child+1 < len(e.ages) && e.earlier(child+1, child) {
			child++
		}
		if !e.earlier(child, i) {
			return
		}
		e.swapAges(i, child)
		i = child
	}
}
