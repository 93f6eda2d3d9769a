/** What the API's answers look like, for the types in comments; no browser fetches this. */

export interface Document {
  id: string;
  name: string;
  title: string;
  status: string;
  reason: string | null;
  is_parked: boolean;
  is_owner: boolean;
  may_change: boolean;
  readers: string[];
  tags: string[];
  size: number;
  pages: number;
  page_kind: string;
  chunks: number;
}

export interface Citation {
  marker: number;
  document_id: string;
  document: string;
  page: number;
  page_kind: string;
  snippet: string;
}

export interface Answer {
  answer: string;
  citations: Citation[];
  conversation_id: string;
  degraded: string | null;
  degraded_reason: string | null;
  request_id: string;
  model: string;
  cached?: boolean;
  follow_ups?: string[];
  nearest?: Citation[];
  withheld?: boolean;
}

export interface Conversation {
  id: string;
  title: string;
  turns?: object[];
}

export interface User {
  user_id: string;
  email: string;
  is_administrator: boolean;
  manages_organisation: boolean;
}

/** Of `GET /api/auth/options`. */
export interface SignInOptions {
  registration: "open" | "closed";
  entra: Tenant | null;
}

export interface Tenant {
  authority: string;
  client_id: string;
  scope: string;
}

export type OpenSource = (citation: Citation, opener: HTMLElement) => void;

/** What a turn asks of its conversation. */
export interface TurnActions {
  openSource: OpenSource;
  ask: (question: string) => void;
  askAgain: () => void;
  rate: (answer: Answer, rating: "up" | "down", comment?: string) => Promise<void>;
  announce: (words: string) => void;
}

/** What the conversation asks of the page. */
export interface AroundConversation {
  openSource: OpenSource;
  announce: (words: string) => void;
  changed: (conversationId: string | null) => void;
}

/** What the list of conversations asks of the page. */
export interface AroundHistory {
  open: (id: string) => Promise<void>;
  begin: () => void;
  current: () => string | null;
  announce: (words: string) => void;
}

/** A part of an answer; `start` is where in its text it begins. */
export interface Block {
  kind: "paragraph" | "heading" | "bullets" | "numbers" | "table" | "code";
  lines: string[];
  start: number;
}

/** The button for a marker, null for one that names nothing. */
export type Chip = (marker: number) => Node | null;

/** What the source beside the answer is told. */
export type Cited = Pick<Citation, "document_id" | "document" | "page" | "snippet"> & { page_kind?: string };

/** What the list of documents asks of the page. */
export interface AroundDocuments {
  open: (document: Document, opener: HTMLElement) => void;
  announce: (text: string) => void;
  removed: (id: string) => void;
  changed: (documents: Document[]) => void;
  widened: () => void;
}

export interface RowActions {
  open: (document: Document, opener: HTMLElement) => void;
  share: (documents: Document[]) => void;
  retry: (document: Document) => void;
  remove: (documents: Document[]) => void;
}

export interface Suggestion {
  document: string;
  question: string;
  language?: string;
}
