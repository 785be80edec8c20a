import '../design/frame';
import '../design/components.css';
import '../design/settings.css';
import { startAdmin } from '../faces/admin/app';

void startAdmin();
