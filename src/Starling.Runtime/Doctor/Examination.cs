using System;
using System.Collections.Generic;
using System.Linq;
using System.Net;
using System.Threading;
using System.Threading.Tasks;

namespace Starling.Runtime.Doctor;

/// <summary>A check that has begun.</summary>
/// <param name="Name">The part that it looks at.</param>
/// <param name="Findings">What it found, once it has; never fails.</param>
public sealed record RunningCheck(string Name, Task<IReadOnlyList<Finding>> Findings);

/// <summary>Looks at everything that this program needs of a machine, all at once and within a bounded time. Changes nothing that lasts.</summary>
public sealed class Examination : IAsyncDisposable
{
    private readonly CancellationTokenSource _limit;
    private readonly DoctorPort _port;

    private Examination(ExaminationOptions options)
    {
        _limit = new CancellationTokenSource(options.Limit);
        _port = DoctorPort.Open(options.Listen);
        IPEndPoint listener = _port.EndPoint;
        var trackers = new TrackersCheck(options, listener);
        ICheck[] checks =
        [
            new RuntimeCheck(),
            new LimitsCheck(),
            new TaskNeedsCheck(options),
            new PortCheck(_port, options.Listen),
            new ReachCheck(listener, hasUdp: _port.Udp is not null, options.MapPort),
            new LocalDiscoveryCheck(),
            new DhtCheck(options, _port.Udp),
            trackers,
            new DiskCheck(options.Folder, options.NeededBytes),
            new ClockCheck(trackers.RemoteTimes),
            new WallsCheck(),
        ];
        Checks = [.. checks.Select(check => new RunningCheck(check.Name, RunAsync(check)))];
    }

    /// <summary>The checks, in the order in which they are told.</summary>
    public IReadOnlyList<RunningCheck> Checks { get; }

    /// <summary>Begins.</summary>
    public static Examination Begin(ExaminationOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        return new Examination(options);
    }

    /// <summary>Ends the checks that still run, and gives back the port.</summary>
    public async ValueTask DisposeAsync()
    {
        await _limit.CancelAsync().ConfigureAwait(false);
        await Task.WhenAll(Checks.Select(check => check.Findings)).ConfigureAwait(false);
        await _port.DisposeAsync().ConfigureAwait(false);
        _limit.Dispose();
    }

    private async Task<IReadOnlyList<Finding>> RunAsync(ICheck check)
    {
        // Each on a thread of its own: some ask the system for things that take time.
        await Task.CompletedTask.ConfigureAwait(ConfigureAwaitOptions.ForceYielding);
        try
        {
            return await check.RunAsync(_limit.Token).ConfigureAwait(false);
        }
        catch (OperationCanceledException) when (_limit.IsCancellationRequested)
        {
            return [new Finding(check.Name, "", Health.Failed, "it did not end in time")];
        }
    }
}
