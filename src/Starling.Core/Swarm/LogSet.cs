using System.Collections.Generic;

namespace Starling.Core.Swarm;

/// <summary>Numbers of logs in the order in which they were added, each once: adding is what every batch does on every link, so it costs next to nothing.</summary>
internal sealed class LogSet
{
    private readonly List<int> _logs = [];
    private readonly List<bool> _isMember = [];

    public int Count => _logs.Count;

    public IReadOnlyList<int> Logs => _logs;

    public void Add(int log)
    {
        while (_isMember.Count <= log)
        {
            _isMember.Add(false);
        }

        if (!_isMember[log])
        {
            _isMember[log] = true;
            _logs.Add(log);
        }
    }

    public void Clear()
    {
        foreach (int log in _logs)
        {
            _isMember[log] = false;
        }

        _logs.Clear();
    }
}
