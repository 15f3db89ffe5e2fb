using System;
using System.Linq;
using Starling.Core.Owner;

namespace Starling.Tests.Core.Owner;

public sealed class OwnerPolicyTests
{
    private const int Noon = 12 * 60;
    private static readonly TaskDemand Task = new() { Id = "aabbccdd" + new string('0', 56), Name = "holiday", Slots = 4 };
    private static readonly OwnerRules Never = new() { Hours = Hours("none") };

    [Fact]
    public void Without_rules_nothing_is_restricted()
    {
        Grant grant = Decide(new OwnerRules());

        Assert.Equal(4, grant.Slots);
        Assert.Equal(1, grant.CpuShare);
        Assert.Null(grant.UploadBytesPerSecond);
        Assert.False(grant.IsHalted);
        Assert.Empty(grant.Restrictions);
    }

    [Fact]
    public void Outside_the_hours_runs_are_halted_and_the_next_hour_is_named()
    {
        Grant grant = Decide(new OwnerRules { Hours = Hours("18:00-08:00"), Halt = HaltKind.Stop });

        Assert.Equal(0, grant.Slots);
        Assert.True(grant.IsHalted);
        Assert.Equal(HaltKind.Stop, grant.Halt);
        Starling.Core.Primitives.Problem why = Assert.Single(grant.Restrictions);
        Assert.Equal(OwnerCode.Hours, why.Code);
        Assert.Equal("tasks do not run at mon 12:00", why.Reason);
        Assert.Equal("It goes on at mon 18:00; or change 'hours'", why.Hint);
    }

    [Theory]
    [InlineData(300, 299, true)]
    [InlineData(300, 300, false)]
    public void Input_halts_until_it_is_long_ago(int seconds, int idle, bool halted)
    {
        var rules = new OwnerRules { IdleInput = TimeSpan.FromSeconds(seconds) };
        Assert.Equal(halted, Decide(rules, new MachineState { InputIdle = TimeSpan.FromSeconds(idle) }).IsHalted);
    }

    [Fact]
    public void Who_wants_an_idle_machine_and_cannot_know_gets_no_work()
    {
        Grant grant = Decide(new OwnerRules { IdleInput = TimeSpan.FromMinutes(5) }, new MachineState());
        Assert.True(grant.IsHalted);
        Assert.Contains("can't be read", Assert.Single(grant.Restrictions).Reason, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(25, 25.0, null)]
    [InlineData(25, 25.1, OwnerCode.Load)]
    [InlineData(0, 0.0, null)]
    public void Load_of_others_halts_above_the_bound(int most, double load, string? code) =>
        Assert.Equal(code, Decide(new OwnerRules { IdleLoadPercent = most }, new MachineState { OtherLoadPercent = load }).Restrictions.SingleOrDefault()?.Code);

    [Theory]
    [InlineData(0, 5.0, false)]
    [InlineData(60, 60.0, false)]
    [InlineData(60, 59.0, true)]
    [InlineData(60, null, true)]
    [InlineData(OwnerRules.NeverOnBattery, 100.0, true)]
    public void On_battery_the_charge_decides(int from, double? charge, bool halted)
    {
        var rules = new OwnerRules { BatteryFromPercent = from };
        Assert.Equal(halted, Decide(rules, new MachineState { IsOnBattery = true, BatteryPercent = charge }).IsHalted);
        Assert.False(Decide(rules, new MachineState { IsOnBattery = false, BatteryPercent = charge }).IsHalted);
    }

    [Fact]
    public void What_was_hot_cools_down_before_it_goes_on()
    {
        var rules = new OwnerRules { MaxTemperature = 80 };
        Assert.False(OwnerPolicy.IsHot(rules, new MachineState { Temperature = 80 }));
        Assert.True(OwnerPolicy.IsHot(rules, new MachineState { Temperature = 80.5 }));
        Assert.True(OwnerPolicy.IsHot(rules, new MachineState { Temperature = 76, WasHot = true }));
        Assert.False(OwnerPolicy.IsHot(rules, new MachineState { Temperature = 75, WasHot = true }));
        Assert.Equal(OwnerCode.Temperature, Assert.Single(Decide(rules, new MachineState { Temperature = 90 }).Restrictions).Code);
    }

    [Fact]
    public void A_temperature_that_nobody_tells_is_said_and_let_go()
    {
        Grant grant = Decide(new OwnerRules { MaxTemperature = 80 });
        Assert.Equal(4, grant.Slots);
        Assert.Equal(OwnerCode.Unreadable, Assert.Single(grant.Restrictions).Code);
    }

    [Fact]
    public void A_program_that_wants_the_machine_for_itself_gets_it()
    {
        var rules = new OwnerRules { ExclusivePrograms = ["blender"] };
        Assert.Equal(OwnerCode.Exclusive, Assert.Single(Decide(rules, new MachineState { RunningPrograms = ["blender"] }).Restrictions).Code);
        Assert.False(Decide(rules).IsHalted);
    }

    [Fact]
    public void The_turtle_switch_leaves_little_and_the_stricter_rule_counts()
    {
        var rules = new OwnerRules { CpuPercent = 10, UploadBytesPerSecond = 10, Turtle = new TurtleRules { IsOn = true } };
        Grant grant = Decide(rules);

        Assert.Equal(1, grant.Slots);
        Assert.Equal(0.10, grant.CpuShare, 6);
        Assert.Equal(10, grant.UploadBytesPerSecond);
        Assert.Equal(200_000, grant.DownloadBytesPerSecond);
        Assert.Equal([OwnerCode.Turtle, OwnerCode.Slots], grant.Restrictions.Select(why => why.Code));
        Assert.True(Decide(rules with { Turtle = new TurtleRules { IsOn = true, Slots = 0 } }).IsHalted);
        Assert.Equal(4, Decide(rules with { Turtle = new TurtleRules() }).Slots);
    }

    [Fact]
    public void The_owners_own_tasks_may_be_free_of_hours_and_company_but_not_of_amounts()
    {
        OwnerRules rules = Never with { OwnTasksAreFree = true, Slots = 2 };
        Assert.Equal(2, Of(rules, Task with { IsOwn = true }).Slots);
        Assert.True(Of(rules, Task).IsHalted);
        Assert.True(Of(rules with { OwnTasksAreFree = false }, Task with { IsOwn = true }).IsHalted);
    }

    [Fact]
    public void Slots_are_divided_among_tasks_and_the_processor_with_them()
    {
        var rules = new OwnerRules { Slots = 4, CpuPercent = 50, UploadBytesPerSecond = 400, Tasks = [new TaskRule { Task = "b", Weight = 30 }] };
        Grant[] grants = [.. OwnerPolicy.Decide(rules, new MachineState { MinuteOfWeek = Noon }, [Named("a", 4), Named("b", 4)])];

        Assert.Equal([1, 3], grants.Select(grant => grant.Slots));
        Assert.Equal(0.125, grants[0].CpuShare, 6);
        Assert.Equal(0.375, grants[1].CpuShare, 6);
        Assert.Equal(100, grants[0].UploadBytesPerSecond);
        Assert.Equal(300, grants[1].UploadBytesPerSecond);
        Assert.All(grants, grant => Assert.Contains(grant.Restrictions, why => why.Code == OwnerCode.Slots));
    }

    [Fact]
    public void A_task_that_has_nothing_to_run_leaves_its_slots_and_is_not_halted()
    {
        var rules = new OwnerRules { Slots = 2, CpuPercent = 50 };
        Grant[] grants = [.. OwnerPolicy.Decide(rules, new MachineState { MinuteOfWeek = Noon }, [Named("done", 4) with { HasWork = false }, Named("busy", 2)])];

        Assert.Equal([1, 2], grants.Select(grant => grant.Slots));
        Assert.False(grants[0].IsHalted);
        Assert.Equal(0.5, grants[1].CpuShare, 6);
    }

    [Fact]
    public void A_task_is_named_by_its_id_or_by_its_name_and_the_id_goes_first()
    {
        var rules = new OwnerRules { Tasks = [new TaskRule { Task = "holiday", Slots = 3 }, new TaskRule { Task = "aabbccdd", MayRun = false }] };
        Assert.False(rules.RuleOf(Task.Id, "holiday").MayRun);
        Assert.Equal(3, rules.RuleOf(new string('1', 64), "holiday").Slots);
        Assert.Equal(OwnerCode.Task, Assert.Single(Of(rules, Task).Restrictions).Code);
        Assert.Equal(3, Of(rules, Task with { Id = new string('1', 64) }).Slots);
    }

    [Fact]
    public void Runs_that_may_take_more_memory_than_there_is_are_refused_or_fewer()
    {
        var rules = new OwnerRules { MemoryBytes = 4L << 30 };
        Assert.Equal(OwnerCode.Memory, Assert.Single(Of(rules, Task with { MemoryOfRun = 5L << 30 }).Restrictions).Code);
        Assert.True(Of(rules, Task with { MemoryOfRun = 5L << 30 }).IsHalted);
        Grant fewer = Of(rules, Task with { MemoryOfRun = 3L << 29 });
        Assert.Equal(2, fewer.Slots);
        Assert.Equal(OwnerCode.Memory, Assert.Single(fewer.Restrictions).Code);
        Grant silent = Of(rules, Task);
        Assert.Equal(4, silent.Slots);
        Assert.Equal(1L << 30, silent.MemoryOfRun);
    }

    [Fact]
    public void Folders_that_are_full_halt_and_fetch_no_more()
    {
        var rules = new OwnerRules { DiskBytes = 1 << 20 };
        Grant grant = Of(rules, Task with { DiskBytes = (1 << 20) + 1 });
        Assert.True(grant.IsHalted);
        Assert.Equal(OwnerCode.Disk, Assert.Single(grant.Restrictions).Code);
        Assert.Equal(1, grant.DownloadBytesPerSecond);
        Assert.False(Of(rules, Task with { DiskBytes = 1 << 20 }).IsHalted);
    }

    private static TaskDemand Named(string name, int slots) => Task with { Id = new string('0', 64), Name = name, Slots = slots };

    private static Grant Decide(OwnerRules rules, MachineState? state = null) => Of(rules, Task, state);

    private static Grant Of(OwnerRules rules, TaskDemand task, MachineState? state = null) =>
        Assert.Single(OwnerPolicy.Decide(rules, (state ?? new MachineState()) with { MinuteOfWeek = Noon }, [task]));

    private static WeekHours Hours(string text) => WeekHours.TryParseEveryDay(text, out WeekHours? hours, out string fault) ? hours : throw new InvalidOperationException(fault);
}
