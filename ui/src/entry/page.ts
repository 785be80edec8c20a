import '../design/frame';
import '../design/components.css';
import '../design/doc.css';
import { loadWords } from '../lib/i18n';
import { startShell } from '../lib/shell';

await loadWords();
await startShell();
