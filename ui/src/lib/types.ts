// The shapes of the HTTP API that the client reads.
export type Severity = 'low' | 'normal' | 'life_safety';
export type Status = 'received' | 'triaged' | 'in_review' | 'needs_info' | 'probable' | 'verified'
  | 'unverifiable' | 'refuted' | 'duplicate' | 'spam' | 'harmful';
export type HotspotStatus = 'emerging' | 'active' | 'intensifying' | 'fading' | 'closed';
export type Trend = 'rising' | 'steady' | 'falling';
export type Phase = 'ongoing' | 'over';
export type Verdict = 'approve' | 'doubt' | 'refute' | 'cannot_determine' | 'needs_info' | 'spam' | 'harmful';
export type Role = 'volunteer' | 'verifier' | 'responder' | 'coordinator' | 'admin';
export type Labels = Record<string, string>;
export type Box = [number, number, number, number];

export interface Category {
  key: string; parent: string | null; labels: Labels; icon: string; severity: Severity;
  profile: string | null; lifetime_h: number; enabled: boolean;
}

export interface Deployment {
  name: string; demo: boolean; training: boolean; profile: string; languages: string[]; timezone: string;
  area: Box | null; emergency: { number: string; sentence: Labels }; publish_every_s: number; batch_at?: string;
  categories: Category[]; stale_after_s: number;
}

export interface Me {
  id: string; name: string; role: Role; roles: Role[]; areas: unknown[]; organisation: string; languages: string[];
}

export interface IncidentProps {
  id: string; status: Status; phase: Phase; severity: Severity; category: string; categories: string[];
  summary: string | Labels | null; place?: string; occurred_at: string; reports: number; independent_sources: number;
  uncertainty_m: number | null; cell: number | null; located_by?: string;
}

export interface HotspotProps {
  id: string; status: HotspotStatus; severity: Severity; score: number; reports: number; independent_sources: number;
  incidents: number; first_seen: string; last_seen: string; categories: string[]; trend: Trend; why: string; place?: string;
  response?: string;
}

export interface ClusterProps extends Partial<Omit<IncidentProps, 'severity'>> {
  cluster: boolean; count: number; expansion_zoom?: number; severity: Severity;
}

export interface Feature<P, G = GeoJSON.Geometry | null> { type: 'Feature'; id?: string; geometry: G; properties: P }
export interface Collection<P, G = GeoJSON.Geometry | null> {
  type: 'FeatureCollection'; features: Feature<P, G>[]; numberMatched?: number; next?: string | null; batch_at?: string; as_of?: string;
}
export type IncidentFeature = Feature<IncidentProps, GeoJSON.Point | null>;
export type HotspotFeature = Feature<HotspotProps, GeoJSON.Polygon | GeoJSON.MultiPolygon>;
export type ClusterFeature = Feature<ClusterProps, GeoJSON.Point>;

export interface PersonRef { id: string; name: string }
export interface Candidate { lon: number; lat: number; uncertainty_m: number; method: string; name: string }
export interface ClaimInfo { person: PersonRef; expires_at: string; mine: boolean }
export type Needs = 'first' | 'second' | 'verifier' | 'third' | 'location' | 'nothing';

export interface IncidentRow {
  id: string; status: Status; version: number; phase: Phase; severity: Severity; categories: string[]; title: string;
  summary: string; occurred_at: string | null; first_received_at: string; last_received_at: string; report_count: number;
  independent_sources: number; languages: string[];
  location: (Candidate & { id: string; admin?: { country: string; admin1: string } }) | null;
  claim: ClaimInfo | null; assessments: number; approvals: number; mine: boolean; needs: Needs; why_now: string; public_id: string | null;
}

export interface Report {
  id: string; channel: string; kind: string; source: { id: string; pseudonym: string; reliability: string } | null;
  submitted_by: PersonRef | null; received_at: string; occurred_at: string | null; language: string; text: string;
  media: { id: string; content_type: string; bytes: number; state: 'pending' | 'stored' | 'failed'; url: string | null }[];
  where: string; categories: string[]; withdrawn: boolean; version: number; locations: Candidate[];
  quoted: string; checks: Record<string, string> | null; cannot_reply: '' | 'replies_off' | 'no_address' | 'opted_out' | 'reply_limit';
}

export interface ThreadRow {
  id: string; report: string; direction: Direction; kind?: 'reply' | 'acknowledgement' | 'card'; text: string; at: string;
  state: 'received' | DeliveryState; state_at?: string; code?: string; by?: string;
}

export interface Suggestion {
  kind: 'location' | 'category' | 'incident' | 'severity'; value: unknown; label: string; score: number; certain: boolean;
  why: string; words: { report: string; start: number; end: number; text: string }[];
}

export interface IncidentDetail extends Omit<IncidentRow, 'assessments'> {
  assessments: AssessmentMade[];
  reports: Report[]; suggestions: Suggestion[];
  evidence: { id: string; kind: string; url: string; note: string; by: string; at: string }[];
  thread: ThreadRow[];
  history: { index: number; at: string; actor: string; action: string; detail: string }[];
  presence: PersonRef[];
}

export interface AssessmentMade {
  id: string; person: PersonRef; verdict: Verdict; credibility: number; reliability: string; reason: string; on_ground: boolean; at: string; version: number;
}

export interface OpsStatus {
  warnings: { code: string; text: string }[]; channels: { name: string; kind: string; last_received: string | null }[];
  ledger: { size: number }; key_confirmed: boolean;
}

export interface ChannelSetting { key: string; help: string; required: boolean; secret: boolean; default: string; host: boolean }
export interface ChannelKind {
  name: string; title: string; summary: string; settings: ChannelSetting[];
  signed: boolean; receives: boolean; runs: boolean; sends: boolean; tests: boolean; help: string;
}

export type DeliveryState = 'queued' | 'handed' | 'sent' | 'delivered' | 'read' | 'failed' | 'stopped';
export type Direction = 'in' | 'out';
export interface ChannelFare {
  fault: string; running_since: string | null; problem: string; problem_at: string | null; last_received: string | null; silent: boolean;
  received: number; refused: { direction: Direction; code: string; count: number; last: string }[];
  waiting: number; oldest: string | null; sending: Partial<Record<DeliveryState, number>>;
}
export interface Channel {
  id: string; name: string; kind: string; hook_url: string; public_url?: string; settings: Record<string, string>; secrets: string[];
  enabled: boolean; health?: ChannelFare;
}
export interface Channels { channels: Channel[]; public_url: string; acknowledge: boolean }
export interface TrafficLine {
  at: string; direction: Direction; method: string; host: string; status: number; code: string; bytes: number; took_ms: number;
  messages: number; exchanges: number; shape: string;
}
