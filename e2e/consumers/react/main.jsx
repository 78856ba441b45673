import 'lutra/element/define';
import { StrictMode, useState } from 'react';
import { createRoot } from 'react-dom/client';

function App() {
  const [answer, setAnswer] = useState('');
  const [options] = useState({ threads: 1 });
  return (
    <>
      <lutra-classifier
        src="digits.lut.onnx"
        top={2}
        inputs=""
        options={options}
        onresult={({ detail }) => setAnswer(detail.classes[0].label)}
      >
        <img src="3.png" alt="a digit" />
      </lutra-classifier>
      <output id="api">{answer}</output>
    </>
  );
}

createRoot(document.querySelector('#root')).render(
  <StrictMode>
    <App />
  </StrictMode>,
);
