package crisis

// Table and Owner of each record. Owner decides what is forgotten together.

func (*Policy) Table() Table        { return TablePolicy }
func (*Category) Table() Table      { return TableCategory }
func (*Channel) Table() Table       { return TableChannel }
func (*Person) Table() Table        { return TablePerson }
func (*Role) Table() Table          { return TableRole }
func (*Grant) Table() Table         { return TableGrant }
func (*Credential) Table() Table    { return TableCredential }
func (*Message) Table() Table       { return TableMessage }
func (*Source) Table() Table        { return TableSource }
func (*Report) Table() Table        { return TableReport }
func (*MessageReport) Table() Table { return TableMessageReport }
func (*Location) Table() Table      { return TableLocation }
func (*Incident) Table() Table      { return TableIncident }
func (*Summary) Table() Table       { return TableSummary }
func (*Membership) Table() Table    { return TableMembership }
func (*Relation) Table() Table      { return TableRelation }
func (*Assessment) Table() Table    { return TableAssessment }
func (*Evidence) Table() Table      { return TableEvidence }
func (*Blob) Table() Table          { return TableBlob }
func (*Hotspot) Table() Table       { return TableHotspot }

func (*Policy) Owner() ID          { return ID{} }
func (*Category) Owner() ID        { return ID{} }
func (c *Channel) Owner() ID       { return c.ID }
func (p *Person) Owner() ID        { return p.ID }
func (r *Role) Owner() ID          { return r.Person }
func (g *Grant) Owner() ID         { return g.Person }
func (c *Credential) Owner() ID    { return c.Person }
func (m *Message) Owner() ID       { return m.ID }
func (s *Source) Owner() ID        { return s.ID }
func (r *Report) Owner() ID        { return r.Message }
func (m *MessageReport) Owner() ID { return m.Message }
func (i *Incident) Owner() ID      { return i.ID }
func (s *Summary) Owner() ID       { return s.Incident }
func (m *Membership) Owner() ID    { return m.Incident }
func (r *Relation) Owner() ID      { return r.From }
func (a *Assessment) Owner() ID    { return a.Incident }
func (e *Evidence) Owner() ID      { return e.Incident }
func (b *Blob) Owner() ID          { return b.Message }
func (h *Hotspot) Owner() ID       { return ID{} }

// Owner is the message that the location was read from, else the incident that
// a person put it on.
func (l *Location) Owner() ID {
	if !l.Message.IsZero() {
		return l.Message
	}
	return l.Incident
}
