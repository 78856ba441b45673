import 'lutra/element/define';
