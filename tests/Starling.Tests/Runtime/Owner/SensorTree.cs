using System;
using System.Globalization;
using System.IO;
using Starling.Runtime.Owner;
using Starling.Tests.Runtime.Tasks;

namespace Starling.Tests.Runtime.Owner;

/// <summary>A machine made of files, with a clock that is set by hand.</summary>
internal sealed class SensorTree : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public SensorTree(TimeZoneInfo? zone = null)
    {
        Clock = new SetClock(zone ?? TimeZoneInfo.Utc);
        Directory.CreateDirectory(Path.Combine(_folder.Path, "dev", "pts"));
        Directory.CreateDirectory(Path.Combine(_folder.Path, "sys", "class", "power_supply"));
        Directory.CreateDirectory(Path.Combine(_folder.Path, "sys", "class", "thermal"));
        Directory.CreateDirectory(Path.Combine(_folder.Path, "proc"));
    }

    public SetClock Clock { get; }

    public TimeSpan? Desktop { get; set; }

    public SensorRoots Roots => new()
    {
        Proc = Path.Combine(_folder.Path, "proc"),
        Sys = Path.Combine(_folder.Path, "sys"),
        Dev = Path.Combine(_folder.Path, "dev"),
        Desktop = () => Desktop,
        Time = Clock,
    };

    public void Write(string path, string text)
    {
        string whole = Path.Combine(_folder.Path, path);
        Directory.CreateDirectory(Path.GetDirectoryName(whole)!);
        File.WriteAllText(whole, text);
    }

    public void Touch(string path, DateTime at)
    {
        Write(path, "");
        File.SetLastAccessTimeUtc(Path.Combine(_folder.Path, path), at);
    }

    public void Process(int pid, int parent, string name, long ticks) => Write(
        $"proc/{pid}/stat",
        string.Create(CultureInfo.InvariantCulture, $"{pid} ({name}) S {parent} {pid} {pid} 0 -1 4194304 100 0 0 0 {ticks} 0 0 0 20 0 1 0 4711 1000 10 18446744073709551615 0 0 0\n"));

    public void End(int pid) => Directory.Delete(Path.Combine(_folder.Path, "proc", pid.ToString(CultureInfo.InvariantCulture)), recursive: true);

    /// <summary>Ticks that the whole machine was busy and idle since it began.</summary>
    public void Load(long busy, long idle) => Write("proc/stat", string.Create(CultureInfo.InvariantCulture, $"cpu  {busy} 0 0 {idle} 0 0 0 0 0 0\ncpu0 0 0 0 0 0 0 0 0 0 0\n"));

    public void Dispose() => _folder.Dispose();

    /// <summary>A clock that stands until it is set.</summary>
    internal sealed class SetClock(TimeZoneInfo zone) : TimeProvider
    {
        public DateTimeOffset Utc { get; set; } = new(2026, 1, 5, 0, 0, 0, TimeSpan.Zero);

        public override TimeZoneInfo LocalTimeZone => zone;

        public override long TimestampFrequency => TimeSpan.TicksPerSecond;

        public override DateTimeOffset GetUtcNow() => Utc;

        public override long GetTimestamp() => Utc.Ticks;
    }
}
