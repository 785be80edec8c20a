import '../design/frame';
import '../design/components.css';
import '../design/settings.css';
import { startSetup } from '../faces/setup/app';

void startSetup();
