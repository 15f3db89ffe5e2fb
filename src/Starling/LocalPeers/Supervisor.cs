using System;
using System.Collections.Generic;
using System.Linq;
using System.Threading.Tasks;
using Starling.Core.Primitives;
using Starling.Display;
using Starling.Events;

namespace Starling.LocalPeers;

/// <summary>
/// <c>--local-peers N</c>: starts N processes of this program, lets them begin together once all of them listen, tells each who its siblings
/// are, and merges what they report. They end with it, however it ends: their standard input is its pipe.
/// </summary>
internal sealed class Supervisor(IRunOutput output, RunClock clock, Func<IReadOnlyList<PeerReady>, string?> magnetLine)
{
    private readonly List<ChildProcess> _children = [];
    private readonly object _gate = new();
    private readonly SortedDictionary<int, IReadOnlyList<string>> _outputs = [];
    private bool _stopping;

    /// <summary>Output paths of the peers that completed, by number.</summary>
    public IReadOnlyDictionary<int, IReadOnlyList<string>> Outputs => _outputs;

    /// <summary>Runs until every child ended; the worst of their exit codes.</summary>
    public async Task<int> Run(IReadOnlyList<PeerPlan> plans)
    {
        int worst = ExitCode.Done;
        for (int number = 0; number < plans.Count; number++)
        {
            if (ChildProcess.TryStart(number, plans[number], Take, out ChildProcess? child, out Problem? problem))
            {
                lock (_gate)
                {
                    _children.Add(child!);
                }
            }
            else
            {
                Take(NodeEventTranslation.OfProblem(EventName.Error, problem!) with { Peer = number, Time = clock.StartedAt + clock.Elapsed });
                worst = ExitCode.Failed;
            }
        }

        Task<int>[] ends = [.. _children.Select(child => Task.Run(() => FollowToEnd(child)))];
        PeerReady?[] answers = await Task.WhenAll(_children.Select(child => child.Ready)).ConfigureAwait(false);
        List<PeerReady> ready = [.. answers.OfType<PeerReady>()];
        if (ready.Count > 0 && magnetLine(ready) is string line)
        {
            output.ShowMagnet(line);
        }

        // Each connects to those before it: every pair has one link, none is made twice.
        var addresses = new List<string>();
        for (int i = 0; i < _children.Count; i++)
        {
            if (answers[i] is PeerReady self)
            {
                string[] siblings = [.. ready.Where(other => other != self).Select(other => other.Identity)];
                _children[i].Begin(new PeerStart { Siblings = siblings, Addresses = [.. addresses] });
                addresses.Add(self.Address);
            }
        }

        foreach (int code in await Task.WhenAll(ends).ConfigureAwait(false))
        {
            worst = Worse(worst, code);
        }

        _children.ForEach(child => child.Dispose());
        return worst;
    }

    /// <summary>The first time gently; the second time at once.</summary>
    public void Stop()
    {
        bool again;
        ChildProcess[] children;
        lock (_gate)
        {
            again = _stopping;
            _stopping = true;
            children = [.. _children];
        }

        foreach (ChildProcess child in children)
        {
            if (again)
            {
                child.Kill();
            }
            else
            {
                child.Stop();
            }
        }
    }

    /// <summary>The graver of two exit codes: done, stopped, refused, failed, anything else (a crash).</summary>
    internal static int Worse(int left, int right) => Gravity(left) >= Gravity(right) ? left : right;

    private static int Gravity(int code) => code switch
    {
        ExitCode.Done => 0,
        ExitCode.Stopped => 1,
        ExitCode.Refused => 2,
        ExitCode.Failed => 3,
        ExitCode.Usage => 4,
        _ => 5,
    };

    private async Task<int> FollowToEnd(ChildProcess child)
    {
        int code = await child.Follow().ConfigureAwait(false);
        bool expected = code is ExitCode.Done or ExitCode.Failed or ExitCode.Stopped or ExitCode.Refused or ExitCode.Usage;
        if (!expected)
        {
            lock (_gate)
            {
                expected = _stopping;
            }
        }

        if (!expected)
        {
            string how = code > 128 ? $"was killed by signal {code - 128}" : $"ended with status {code}";
            Take(new RunEvent
            {
                Event = EventName.Error,
                Code = "local-peer",
                Reason = $"peer {child.Number} {how}",
                Hint = "The other peers go on without it",
                Peer = child.Number,
                Time = clock.StartedAt + clock.Elapsed,
            });
        }

        return code;
    }

    private void Take(RunEvent runEvent)
    {
        if (runEvent is { Event: EventName.Complete, Output: { } paths, Peer: int peer })
        {
            lock (_gate)
            {
                _outputs[peer] = paths;
            }
        }

        output.Take(runEvent with { At = RunClock.Round(Math.Max(0, runEvent.Time - clock.StartedAt)) });
    }
}
