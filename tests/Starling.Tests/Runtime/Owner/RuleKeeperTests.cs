using System;
using System.Collections.Generic;
using System.Diagnostics;
using System.Globalization;
using System.IO;
using Starling.Core.Owner;
using Starling.Core.Primitives;
using Starling.Runtime.Owner;
using Starling.Tests.Runtime.Tasks;

namespace Starling.Tests.Runtime.Owner;

/// <summary>The whole way from the file, the sensors and the clock to what a task gets; only the clock is not real.</summary>
public sealed class RuleKeeperTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly SensorTree _tree = new(Berlin());
    private readonly List<Grant> _given = [];
    private readonly List<Problem> _refused = [];
    private int _edits;

    public RuleKeeperTests() => _tree.Process(Environment.ProcessId, 1, "me", 0);

    public void Dispose()
    {
        _tree.Dispose();
        _folder.Dispose();
    }

    [Theory]
    [InlineData("2026-01-05")]
    [InlineData("2026-03-23")]
    [InlineData("2026-10-19")]
    public void A_week_follows_the_grid_to_the_minute(string monday)
    {
        // Nights of working days, Saturday but for a lunch, Sunday not; the clocks change in two of the weeks.
        Write("hours: {mon-fri: \"18:05-07:50\", sat: \"00:00-12:10, 13:17-24:00\"}\n");
        using RuleKeeper keeper = Keeper();
        DateTimeOffset start = new(DateTime.ParseExact(monday, "yyyy-MM-dd", CultureInfo.InvariantCulture), TimeSpan.Zero);
        int changes = 0;
        bool? before = null;
        for (int minute = 0; minute < 7 * 24 * 60; minute++)
        {
            // Any second of the minute.
            _tree.Clock.Utc = start.AddMinutes(minute).AddSeconds(minute * 37 % 60);
            keeper.Look();
            DateTime local = TimeZoneInfo.ConvertTime(_tree.Clock.Utc, _tree.Clock.LocalTimeZone).DateTime;
            bool expected = MayRun(local);
            Grant grant = keeper.InForce!.Grant;
            Assert.True(expected == (grant.Slots == 2) && expected == !grant.IsHalted, $"{local:ddd HH:mm:ss}: {grant.Slots} slots");
            changes += before is { } was && was != expected ? 1 : 0;
            before = expected;
        }

        // Each weekday begins and ends once, Saturday has its lunch and Monday begins within Sunday's nothing.
        Assert.InRange(changes, 12, 13);
    }

    [Fact]
    public void An_edit_holds_at_the_next_look_and_a_bad_one_leaves_the_rules_and_is_told_once()
    {
        Write("slots: 2\n");
        using RuleKeeper keeper = Keeper();
        keeper.Look();
        Assert.Equal(2, keeper.InForce!.Grant.Slots);

        Write("slots: 1\n");
        keeper.Look();
        Assert.Equal(1, keeper.InForce.Grant.Slots);

        foreach (string broken in (string[])["slots: many\n", "banana: 3\n", "slots: [\n", "slots: 9999\n"])
        {
            _refused.Clear();
            Write(broken);
            keeper.Look();
            keeper.Look();
            Assert.Equal(1, keeper.InForce.Grant.Slots);
            Problem problem = Assert.Single(_refused);
            Assert.Equal("config", problem.Code);
            Assert.EndsWith("The rules from before stay in force", problem.Hint, StringComparison.Ordinal);
        }

        File.Delete(ConfigPath);
        keeper.Look();
        Assert.Equal(2, keeper.InForce.Grant.Slots);
    }

    [Fact]
    public void It_is_told_when_something_changes_and_only_then()
    {
        Write("temperature: 60\n");
        _tree.Write("sys/class/thermal/thermal_zone0/temp", "50000\n");
        using RuleKeeper keeper = Keeper();
        keeper.Look();
        keeper.Look();
        Assert.Single(_given);
        _tree.Write("sys/class/thermal/thermal_zone0/temp", "61000\n");
        keeper.Look();
        keeper.Look();
        Assert.Equal(2, _given.Count);
        Assert.Equal(OwnerCode.Temperature, Assert.Single(_given[1].Restrictions).Code);
    }

    [Fact]
    public void Tasks_of_other_processes_get_their_part_until_those_end()
    {
        Write("slots: 2\n");
        using Process other = Process.Start("sleep", "600");
        try
        {
            var registry = Path.Combine(_folder.Path, "running");
            _tree.Process(other.Id, 1, "sleep", 0);
            using RuleKeeper keeper = Keeper();
            keeper.Look();
            Assert.Equal(2, keeper.InForce!.Grant.Slots);
            File.WriteAllText(
                Path.Combine(registry, $"{other.Id}.json"),
                $$$"""{"pid":{{{other.Id}}},"startTicks":4711,"dir":"/x","demand":{"id":"{{{new string('1', 64)}}}","name":"other","slots":4,"hasWork":true}}""");
            Directory.SetLastWriteTimeUtc(registry, DateTime.UtcNow.AddSeconds(1));
            keeper.Look();
            Assert.Equal(1, keeper.InForce.Grant.Slots);
            Assert.Equal(2, TaskRegistry.Read(registry, _tree.Roots.Proc).Count);

            // Its process is gone, or another one has its number now.
            _tree.End(other.Id);
            Directory.SetLastWriteTimeUtc(registry, DateTime.UtcNow.AddSeconds(2));
            keeper.Look();
            Assert.Equal(2, keeper.InForce.Grant.Slots);
            Assert.False(File.Exists(Path.Combine(registry, $"{other.Id}.json")));
        }
        finally
        {
            other.Kill();
        }
    }

    [Fact]
    public void A_folder_that_takes_too_much_is_looked_at_anew_later()
    {
        Write("disk: 1MiB\n");
        File.WriteAllBytes(Path.Combine(_folder.Path, "big"), new byte[2 << 20]);
        using RuleKeeper keeper = Keeper();
        keeper.Look();
        Assert.Equal(OwnerCode.Disk, Assert.Single(keeper.InForce!.Grant.Restrictions).Code);
        File.Delete(Path.Combine(_folder.Path, "big"));
        _tree.Clock.Utc += TimeSpan.FromSeconds(11);
        keeper.Look();
        Assert.False(keeper.InForce.Grant.IsHalted);
    }

    private string ConfigPath => Path.Combine(_folder.Path, "config.yaml");

    private static TimeZoneInfo Berlin()
    {
        TimeZoneInfo.TransitionTime spring = TimeZoneInfo.TransitionTime.CreateFloatingDateRule(new DateTime(1, 1, 1, 2, 0, 0), 3, 5, DayOfWeek.Sunday);
        TimeZoneInfo.TransitionTime autumn = TimeZoneInfo.TransitionTime.CreateFloatingDateRule(new DateTime(1, 1, 1, 3, 0, 0), 10, 5, DayOfWeek.Sunday);
        return TimeZoneInfo.CreateCustomTimeZone("b", TimeSpan.FromHours(1), "b", "b", "b", [TimeZoneInfo.AdjustmentRule.CreateAdjustmentRule(DateTime.MinValue.Date, DateTime.MaxValue.Date, TimeSpan.FromHours(1), spring, autumn)]);
    }

    /// <summary>The grid of the week again, in other words.</summary>
    private static bool MayRun(DateTime local)
    {
        TimeSpan time = new(local.Hour, local.Minute, 0);
        TimeSpan evening = new(18, 5, 0);
        TimeSpan morning = new(7, 50, 0);
        return local.DayOfWeek switch
        {
            DayOfWeek.Monday => time >= evening,
            DayOfWeek.Saturday => time < new TimeSpan(12, 10, 0) || time >= new TimeSpan(13, 17, 0),
            DayOfWeek.Sunday => false,
            _ => time >= evening || time < morning,
        };
    }

    private RuleKeeper Keeper()
    {
        OwnerConfig? config = OwnerConfig.TryRead(ConfigPath, out OwnerConfig? read, out Problem? problem) ? read : throw new InvalidOperationException(problem.ToString());
        var place = new OwnerPlace(ConfigPath, Path.Combine(_folder.Path, "running")) { Sensors = _tree.Roots };
        return new RuleKeeper(place, config.Rules, _folder.Path, () => new TaskDemand { Id = new string('0', 64), Name = "mine", Slots = 2 }, inForce => _given.Add(inForce.Grant), _refused.Add);
    }

    /// <summary>Each with a time of its own: a test is faster than a file's clock.</summary>
    private void Write(string text)
    {
        File.WriteAllText(ConfigPath, text);
        File.SetLastWriteTimeUtc(ConfigPath, DateTime.UtcNow.AddSeconds(++_edits));
    }
}
