using System;
using System.Collections.Generic;
using System.IO;
using System.Linq;
using Starling.Core.Owner;
using Starling.Core.Primitives;
using Starling.Runtime.Owner;
using Starling.Tests.Runtime.Tasks;

namespace Starling.Tests.Runtime.Owner;

public sealed class OwnerConfigTests
{
    private const string Whole = """
        # The machine in the attic.
        slots: 3
        cpu: 50 %
        memory: 4GiB
        disk: 50GiB
        upload: 500kB/s
        download: 2 MB/s
        hours: {mon-fri: "18:00-08:00", "sat,sun": all}
        idle:
          input: 5m       # a coffee
          load: 25%
        battery: 60%
        temperature: 80
        exclusive: [steam, "blender"]
        halt: stop
        grace: 10s
        nice: yes
        own-tasks: free
        container-engine: /run/user/1000/podman/podman.sock
        turtle: {on: no, slots: 0, cpu: 5%, upload: 1kB/s, download: 10kB/s}
        tasks:
          holiday: {weight: 20, priority: high}
          aabbccdd: {slots: 1, run: no}
        """;

    [Fact]
    public void Every_key_is_read()
    {
        OwnerRules rules = Read(Whole);

        Assert.Equal(3, rules.Slots);
        Assert.Equal(50, rules.CpuPercent);
        Assert.Equal(4L << 30, rules.MemoryBytes);
        Assert.Equal(50L << 30, rules.DiskBytes);
        Assert.Equal(500_000, rules.UploadBytesPerSecond);
        Assert.Equal(2_000_000, rules.DownloadBytesPerSecond);
        Assert.True(rules.Hours[18 * 60]);
        Assert.False(rules.Hours[12 * 60]);
        Assert.Equal(TimeSpan.FromMinutes(5), rules.IdleInput);
        Assert.Equal(25, rules.IdleLoadPercent);
        Assert.Equal(60, rules.BatteryFromPercent);
        Assert.Equal(80, rules.MaxTemperature);
        Assert.Equal(["steam", "blender"], rules.ExclusivePrograms);
        Assert.Equal(HaltKind.Stop, rules.Halt);
        Assert.Equal(TimeSpan.FromSeconds(10), rules.Grace);
        Assert.True(rules.IsNice);
        Assert.True(rules.OwnTasksAreFree);
        Assert.Equal("/run/user/1000/podman/podman.sock", rules.ContainerEngine);
        Assert.Equal(new TurtleRules { IsOn = false, Slots = 0, CpuPercent = 5, UploadBytesPerSecond = 1_000, DownloadBytesPerSecond = 10_000 }, rules.Turtle);
        Assert.Equal(
            [new TaskRule { Task = "holiday", Weight = 20, Priority = TaskPriority.High }, new TaskRule { Task = "aabbccdd", Slots = 1, MayRun = false }], rules.Tasks);
    }

    [Fact]
    public void What_is_shown_is_what_was_read()
    {
        OwnerRules rules = Read(Whole);
        string shown = string.Concat(OwnerRulesText.Settings(rules).Where(setting => !setting.Key.Contains('.', StringComparison.Ordinal)).Select(setting => $"{setting.Key}: {setting.Value}\n"));
        foreach (string prefix in (string[])["idle", "turtle"])
        {
            shown += $"{prefix}: {{{string.Join(", ", OwnerRulesText.At(rules, prefix).Select(setting => $"{setting.Key[(prefix.Length + 1)..]}: {setting.Value}"))}}}\n";
        }

        Assert.Equal(OwnerRulesText.Settings(rules).Where(setting => !setting.Key.StartsWith("tasks", StringComparison.Ordinal)), OwnerRulesText.Settings(Read(shown)));
    }

    [Theory]
    [InlineData("")]
    [InlineData("# nothing yet\n\n  # really\n")]
    [InlineData("slots: none\nupload: none\nidle: none\nexclusive: none\ntemperature: none\ncontainer-engine: none\n")]
    public void A_file_that_sets_nothing_forbids_nothing(string text) =>
        Assert.Equal(OwnerRulesText.Settings(new OwnerRules()), OwnerRulesText.Settings(Read(text)));

    [Theory]
    [InlineData("slotz: 2", "c.yaml:1: slotz: there is no such key", "Did you mean slots?")]
    [InlineData("cpu: 50%\nbanana: 1", "c.yaml:2: banana: there is no such key", "Known here: idle, slots, cpu, memory, disk, ")]
    [InlineData("slots: 257", "c.yaml:1: slots: '257' is not a number of slots from 0 to 256, or none", "Write it like slots: 2.")]
    [InlineData("slots: -1", "c.yaml:1: slots: '-1' is not", "Write it like slots: 2.")]
    [InlineData("cpu: 0%", "c.yaml:1: cpu: '0%' is not a share of the processor from 1 % to 100 %", "Write it like cpu: 50%.")]
    [InlineData("cpu: 400", "c.yaml:1: cpu: '400' is not a share", "Write it like cpu: 50%.")]
    [InlineData("memory: 1KiB", "c.yaml:1: memory: '1KiB' is not a size of 1 MiB or more, or none", "Write it like memory: 4GiB.")]
    [InlineData("upload: 0", "c.yaml:1: upload: '0' is not a rate", "Write it like upload: 500kB/s.")]
    [InlineData("hours: {mon: \"25:00-26:00\"}", "c.yaml:1: hours: mon: '25:00-26:00' are no hours", "Write hours: ")]
    [InlineData("hours: {mon-fri: all, fri: none}", "c.yaml:1: hours: fri: fri is named twice", "Write hours: ")]
    [InlineData("hours: [\"#\"]", "c.yaml:1: hours: a grid has 7 rows", "Write hours: ")]
    [InlineData("idle: {inputs: 5m}", "c.yaml:1: idle.inputs: there is no such key", "Did you mean input?")]
    [InlineData("idle: {load: 101%}", "c.yaml:1: idle.load: '101%' is not", "Write it like load: 25%.")]
    [InlineData("idle: 5m", "c.yaml:1: idle: a value where a map is due", "Write it like idle: {input: 5m, load: 25%}.")]
    [InlineData("battery: maybe", "c.yaml:1: battery: 'maybe' is not yes, no or a charge from 1 % to 100 %", "Write it like battery: 60%.")]
    [InlineData("temperature: 400", "c.yaml:1: temperature: '400' is not", "Write it like temperature: 80.")]
    [InlineData("exclusive: [/usr/bin/steam]", "c.yaml:1: exclusive: '/usr/bin/steam' is no name of a program", "Write names without a path")]
    [InlineData("halt: kill", "c.yaml:1: halt: 'kill' is not pause or stop", "Write it like halt: pause.")]
    [InlineData("grace: 1h", "c.yaml:1: grace: '1h' is not a time up to 5 minutes", "Write it like grace: 5s.")]
    [InlineData("container-engine: podman.sock", "c.yaml:1: container-engine: 'podman.sock' is not the absolute path of a socket", "Write it like container-engine: /run/user/1000/podman/podman.sock.")]
    [InlineData("container-engine: \"/a\\nb\"", "c.yaml:1: container-engine: '/a", "Write it like container-engine: ")]
    [InlineData("turtle: {speed: 1}", "c.yaml:1: turtle.speed: there is no such key", "Known here: on, slots, cpu, upload, download.")]
    [InlineData("tasks:\n  holiday: {weight: 0}", "c.yaml:2: tasks.holiday.weight: '0' is not a weight from 1 to 1000", "Write it like weight: 20.")]
    [InlineData("tasks:\n  holiday: {prio: high}", "c.yaml:2: tasks.holiday.prio: there is no such key", "Known here: ")]
    [InlineData("tasks: {holiday: 5}", "c.yaml:1: tasks.holiday: a value where a map is due", "Write it like holiday: ")]
    [InlineData("- slots", "c.yaml:1: a list where keys such as slots and hours are due", "See docs/owner.md.")]
    [InlineData("slots: [", "c.yaml:", "The owner's rules are YAML: see docs/owner.md.")]
    [InlineData("slots: 1\nslots: 2", "c.yaml:2: key slots stands twice in this map", "The owner's rules are YAML")]
    public void Unknown_keys_and_impossible_values_are_refused_with_key_and_fix(string text, string reason, string hint)
    {
        Assert.False(OwnerRulesReader.TryRead(text, "c.yaml", out _, out _, out Problem? problem));
        Assert.Equal("config", problem.Code);
        Assert.StartsWith(reason, problem.Reason, StringComparison.Ordinal);
        Assert.StartsWith(hint, problem.Hint, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("", "slots", "2", "slots: 2\n")]
    [InlineData("# mine\n", "slots", "2", "# mine\nslots: 2\n")]
    [InlineData("slots: 1  # few\ncpu: 5%\n", "slots", "12", "slots: 12  # few\ncpu: 5%\n")]
    [InlineData("slots: '1'\n", "slots", "none", "slots: none\n")]
    [InlineData("cpu: 5%", "slots", "2", "cpu: 5%\nslots: 2\n")]
    [InlineData("idle:\n  # so\n  load: 25% # and so\ncpu: 5%\n", "idle.input", "5m", "idle:\n  # so\n  input: 5m\n  load: 25% # and so\ncpu: 5%\n")]
    [InlineData("idle: {load: 25%} # x\n", "idle.input", "5m", "idle: {input: 5m, load: 25%} # x\n")]
    [InlineData("idle: none\n", "idle.input", "5m", "idle: {input: 5m}\n")]
    [InlineData("", "turtle.on", "yes", "turtle: {on: yes}\n")]
    [InlineData("turtle: no # slow\n", "turtle.on", "yes", "turtle: {on: yes} # slow\n")]
    [InlineData("turtle: yes\n", "turtle.slots", "2", "turtle: {on: yes, slots: 2}\n")]
    [InlineData("", "tasks.my film.weight", "20", "tasks: {'my film': {weight: 20}}\n")]
    [InlineData("tasks: {a.b.c: {weight: 2}}\n", "tasks.a.b.c.weight", "20", "tasks: {a.b.c: {weight: 20}}\n")]
    [InlineData("exclusive:\n  - steam\n  - blender # big\nslots: 1\n", "exclusive", "[gimp]", "exclusive:\n  [gimp] # big\nslots: 1\n")]
    [InlineData("hours: {mon: all}\n", "hours", "{tue: \"08:00-09:00\"}", "hours: {tue: \"08:00-09:00\"}\n")]
    public void A_setting_is_changed_where_it_stands_and_comments_stay(string text, string key, string value, string changed)
    {
        Assert.True(OwnerConfigEdit.TrySet(text, "c.yaml", key, value, out string? edited, out Problem? problem), problem?.ToString());
        Assert.Equal(changed, edited);
    }

    [Theory]
    [InlineData("slots", "many", "c.yaml:1: slots: 'many' is not")]
    [InlineData("slotz", "1", "c.yaml:1: slotz: there is no such key")]
    [InlineData("slots", "1\ncpu: 3", "'slots' and '1?cpu: 3' are no key and its value")]
    [InlineData("slots", "{", "slots: '{' is no YAML")]
    [InlineData("idle.", "1", "'idle.' and '1' are no key")]
    [InlineData("hours", "\"08:00-09:00\" # then: x", null)]
    public void A_change_that_would_break_the_file_is_refused(string key, string value, string? reason)
    {
        bool done = OwnerConfigEdit.TrySet("", "c.yaml", key, value, out _, out Problem? problem);
        Assert.Equal(reason is null, done);
        Assert.StartsWith(reason ?? "", problem?.Reason ?? "", StringComparison.Ordinal);
    }

    [Fact]
    public void A_file_is_made_with_its_folder_and_a_broken_one_is_left_alone()
    {
        using var folder = new TemporaryFolder();
        string path = Path.Combine(folder.Path, "new", "config.yaml");
        Assert.True(OwnerConfigEdit.TrySave(path, "slots", "2", out Problem? problem), problem?.ToString());
        Assert.Equal("slots: 2\n", File.ReadAllText(path));

        File.WriteAllText(path, "slots: 2\nbanana: 3\n");
        Assert.False(OwnerConfigEdit.TrySave(path, "slots", "3", out problem));
        Assert.Contains("banana", problem.Reason, StringComparison.Ordinal);
        Assert.Equal("slots: 2\nbanana: 3\n", File.ReadAllText(path));
    }

    [Fact]
    public void The_file_is_where_the_owners_folder_or_the_desktop_says()
    {
        var variables = new Dictionary<string, string?>();
        string Path() => OwnerConfig.PathFor(name => variables.GetValueOrDefault(name), "/home/me");

        Assert.Equal("/home/me/.config/starling/config.yaml", Path());
        variables["XDG_CONFIG_HOME"] = "relative";
        Assert.Equal("/home/me/.config/starling/config.yaml", Path());
        variables["XDG_CONFIG_HOME"] = "/etc/mine";
        Assert.Equal("/etc/mine/starling/config.yaml", Path());
        variables["STARLING_HOME"] = "/srv/starling";
        Assert.Equal("/srv/starling/config.yaml", Path());
    }

    private static OwnerRules Read(string text) =>
        OwnerRulesReader.TryRead(text, "c.yaml", out OwnerRules? rules, out _, out Problem? problem) ? rules : throw new InvalidOperationException(problem.ToString());
}
